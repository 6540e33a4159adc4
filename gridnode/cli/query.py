"""gridnode query."""
import typer

app = typer.Typer()
