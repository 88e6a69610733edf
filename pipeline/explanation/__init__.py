"""Why a model says what it says: SHAP values of its features, a second opinion on them, and which features moved customers between tiers."""
