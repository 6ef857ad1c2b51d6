"""A pretrained image network from pip, made an int8 training step in C, that learns new classes from a few pictures."""
