"""Where statements come from: the audit of the graph and its documents, and why an answer is as it is."""
