"""What runs by itself: checks on a schedule, the triages they ask for, and the alerts that tell people. It can decide and deploy nothing."""
