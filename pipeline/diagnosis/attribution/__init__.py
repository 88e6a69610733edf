"""What a fall of the champion's measure comes from: shares of a few mechanisms that add up."""
