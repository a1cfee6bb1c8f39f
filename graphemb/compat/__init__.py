"""The interfaces of older libraries, on graphemb's methods: change the import, keep the rest."""
