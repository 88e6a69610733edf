"""What tokens cost: one dated table of list prices, so that a bound in USD can be checked before spending."""

from dataclasses import dataclass
from datetime import date

AS_OF = date(2026, 11, 20)

# Assumptions, not part of the price list we hold: the usual multipliers of the input price for the five-minute prompt cache.
CACHE_READ = 0.10
CACHE_WRITE = 1.25


@dataclass(frozen=True)
class Price:
    """List price of one model in USD per million tokens; prompts above `long_prompt` tokens cost `long_factor` times as much."""

    model: str
    input: float
    output: float
    long_prompt: int = 1_000_000
    long_factor: float = 1.0
    note: str = ""

    def usd(self, fresh: int, written: int, read: int, output: int) -> float:
        """Cost of one request in USD: input tokens outside the cache, written to it, read from it; output tokens."""
        factor = self.long_factor if fresh + written + read > self.long_prompt else 1.0
        tokens = self.input * (fresh + CACHE_WRITE * written + CACHE_READ * read) + self.output * output
        return factor * tokens / 1_000_000


_PRICES = (
    Price("claude-fable-5-2", 8.00, 40.00),
    Price("claude-opus-5-5", 4.00, 20.00),
    Price("claude-sonnet-5-5", 2.00, 10.00),
    Price("claude-haiku-5-5", 0.10, 0.50, long_prompt=100_000, long_factor=5.0),
)


def price_of(model: str, told: tuple[float, float] | None = None) -> Price:
    """Price of `model`, found by its family name inside a dated or provider-prefixed id, or as it was `told`: USD per million tokens of input
    and output.

    An unknown model is reckoned at the dearest known price, which `note` says: a bound errs on the safe side.
    """
    if told is not None:
        return Price(model, *told, note="priced by `prices` under [operator]")
    for price in _PRICES:
        if price.model in model:
            return price
    dearest = max(_PRICES, key=lambda price: price.output)
    note = f"no list price known as of {AS_OF}, reckoned as {dearest.model}"
    return Price(model, dearest.input, dearest.output, dearest.long_prompt, dearest.long_factor, note)
