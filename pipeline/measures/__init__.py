"""The numbers a decision rests on: metrics with intervals, comparisons, profit of a campaign, risk tiers."""
