"""Logs of instances from servers: the local API of `wrangler dev`, and the API of a Cloudflare account.

Servers are untrusted: responses are limited in size and time, and their text appears only in escaped messages.
"""
