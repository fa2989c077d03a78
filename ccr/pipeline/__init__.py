"""From a configuration to a finished run: resolve, prepare, train, evaluate, write."""
