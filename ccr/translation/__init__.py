"""Machine translation: the cache that no sentence passes twice, noise at a set level, and captions made in advance."""
