"""What the demo shows on the terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from backend.demo.people import Person
from backend.demo.personas import Persona


def print_seeded(console: Console, receipts: Counter[str]) -> None:
    """Print what became of the rows handed in."""
    table = Table(title="报送回执", show_header=True)
    table.add_column("结果")
    table.add_column("行数", justify="right")
    for code, count in receipts.most_common():
        table.add_row(str(code), str(count))
    console.print(table)


def print_census(console: Console, people: Counter[str]) -> None:
    """Print how many people stand at each level, and how many have no score and why."""
    table = Table(title="全城分布")
    table.add_column("等级或状态")
    table.add_column("人数", justify="right")
    for name, count in people.items():
        table.add_row(name, str(count))
    console.print(table)


def print_personas(console: Console, personas: Iterable[tuple[Persona, Person]], *, with_numbers: bool = False) -> None:
    """Print the personas with their stories, and with the numbers on their invented ids where one types those in."""
    table = Table(title="演示人物（全部虚构）")
    for title in ("persona", "姓名", *(["身份证号（虚构）"] if with_numbers else []), "故事"):
        table.add_column(title, overflow="fold")
    for persona, person in personas:
        numbers = [person.id_number] if with_numbers else []
        table.add_row(persona.key, persona.name, *numbers, persona.story)
    console.print(table)


def print_statement(console: Console, name: str, statement: Mapping[str, Any]) -> None:
    """Print a statement as the API gave it; the balance of the last line is the score."""
    table = Table(
        title=f"{name}：{statement['points']} 分，{statement['level']['name']}",
        caption=f"{statement['rulebook']['title']} {statement['rulebook']['version']}，截至 {statement['as_of']}",
    )
    table.add_column("事由", overflow="fold")
    table.add_column("分值", justify="right")
    table.add_column("累计", justify="right")
    table.add_column("依据", overflow="fold")
    table.add_column("失效日")
    for line in statement["lines"]:
        table.add_row(
            line["title"], f"{line['points']:+d}", str(line["balance"]), line["basis"], line["lapses_on"] or ""
        )
    console.print(table)
