"""The command that says who may do what over HTTP."""

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="as JSON")
def authz(as_json: bool) -> None:
    """List every route with its method and the roles that may use it."""
    from outbound.hosting import routes
    from outbound.settings import read_settings
    from web.guard import authz_table

    table = authz_table(routes(read_settings()))
    if as_json:
        click.echo(json.dumps(table))
        return
    for line in table:
        click.echo(f"{line['method']:7}{line['route']:62} {', '.join(line['roles'])}")
