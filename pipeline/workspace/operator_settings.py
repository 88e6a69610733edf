"""Who operates, as `[operator]` of churnops.toml says."""

from typing import Literal

from pydantic import Field

from pipeline.workspace.section import Section


class OperatorSettings(Section):
    """Who operates. `claude = true` is the workspace's agreement that aggregates may leave the machine."""

    claude: bool | None = Field(None, description="May aggregates (never rows or ids) go to Claude? Unset: asked once")
    provider: Literal["anthropic", "bedrock", "vertex"] = Field("anthropic", description="anthropic, bedrock or vertex")
    model: str = Field("claude-sonnet-5-5", description="Model id")
    effort: Literal["low", "medium", "high"] = Field("medium", description="How long it thinks: low, medium, high")
    base_url: str = Field("", description="A compatible endpoint; empty: the provider's own")
    prices: tuple[float, float] | None = Field(None, description="USD per million input and output tokens, for a model not in the table")
