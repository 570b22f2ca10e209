"""From the API version to an open database: finding a library, its network thread, what a cluster string means."""
