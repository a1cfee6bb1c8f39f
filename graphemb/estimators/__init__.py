"""One file a method; `graphemb` itself exports them."""
