"""scenes-video: short clips of scenes in which one thing moves, in groups that differ in the motion alone."""
