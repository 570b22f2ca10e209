"""The doors to C: the cffi module (cold calls), the extension (hot ones), and what a fork or an exit does to both."""
