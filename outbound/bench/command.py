"""`outbound bench`: how fast the hot paths are, each as a ratio to a raw limit measured in the same run."""

import click


@click.group()
def bench() -> None:
    """Measure the hot paths on this machine, against a raw limit in the same run."""
