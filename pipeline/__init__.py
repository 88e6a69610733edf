"""The core: data, drift, training, gate, registry, ledger. Knows no language model and no terminal."""
