"""What every page needs: login, responses, translations, assets, lazily loaded routes."""
