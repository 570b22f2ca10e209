"""The two codecs of the tuple layer, and the types that only tuples have."""
