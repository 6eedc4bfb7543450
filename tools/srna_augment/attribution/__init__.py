"""Why a network calls what it calls: DeepLIFT contributions, their summaries and their plots."""
