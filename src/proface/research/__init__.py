"""Research: networks in torch, training, evaluation and attacks. The product imports none of it."""
