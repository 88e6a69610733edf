"""`churnops reports`: what waits for a person, and the person's answer."""
