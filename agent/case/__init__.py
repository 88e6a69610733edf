"""One triage: the bounded loop, what it may spend, what it wrote down, and how it goes on after a break."""
