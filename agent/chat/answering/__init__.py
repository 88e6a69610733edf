"""How one question is answered: the operator's turn over the tools, within bounds."""
