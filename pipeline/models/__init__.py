"""Model families, calibration, and a trained model as a folder named by its own digest."""
