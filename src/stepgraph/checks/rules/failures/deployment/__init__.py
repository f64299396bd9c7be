"""Workflow classes, imports and configurations that cannot be deployed or started."""
