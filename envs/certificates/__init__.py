"""How many cases a function must show before only one short program fits them."""
