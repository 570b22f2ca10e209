"""How the directory layer stores its directories."""
