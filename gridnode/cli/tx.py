"""gridnode tx."""
import typer

app = typer.Typer()
