"""A training, from the job to the judged candidate: the child that fits, the parent that waits, the gate."""
