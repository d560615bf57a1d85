"""Validates whole populations: any number of patients in bounded memory, on all cores, with results as they come."""
