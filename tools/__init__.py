"""The one guarded door: an MCP server over the pipeline. The same tools for our loop and for any MCP client."""
