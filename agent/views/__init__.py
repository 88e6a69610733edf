"""What a person sees of a case, of drift, of a diagnosis and of the benchmark in the terminal."""
