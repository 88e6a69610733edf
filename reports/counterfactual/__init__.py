"""What the other answer would have brought, for every decision of people on record; and what the record suggests to change."""
