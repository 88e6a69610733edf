"""Who can operate: Claude, and the rulebook that needs no key and no network."""
