"""A relation under the names and values of the reference, whatever its rows call them: nothing that counts or reads it knows of the mapping."""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.sources.relation import Column, Relation, text_of
from pipeline.sources.source import ColumnMapping, MappedSource, Restriction
from pipeline.tables.cell_numbers import Decimal
from pipeline.tables.schema import Schema


def unmapped(schema: Schema, mapping: ColumnMapping, restriction: Restriction) -> Schema:
    """`schema` with every column that may be needed of the rows as they are: features by either name, and those that `restriction` asks for."""
    asked = (chosen[0] for chosen in (restriction.segment, restriction.version) if chosen is not None)
    return schema.model_copy(update={"categorical": (*schema.categorical, *mapping.names, *asked)})


def mapped(whole: Relation, source: MappedSource) -> Relation:
    """`whole` with its columns and values as `source` maps them. A column that `whole` lacks leaves its feature absent, mapped or not; one
    that stands by a feature's name while another is mapped to it is hidden."""
    names, values = source.mapping.names, source.mapping.values
    here = {name: feature for name, feature in names.items() if name in whole.columns}
    if names and not here and source.or_as_trained:
        return whole
    named = {feature: whole.columns[name] for name, feature in here.items()}
    columns = {name: column for name, column in whole.columns.items() if name not in here and name not in named} | named
    translated, parameters = [], dict[str, object]()
    for place, (feature, texts) in enumerate(values.items()):
        if feature not in columns:
            continue
        alias, cases = _free_name(f"mapped_{place}", whole), list[str]()
        text = text_of(columns[feature], whole.dialect)
        for number, (told, meant) in enumerate(texts.items()):
            spellings = {f"told{place}_{number}_{at}": spelling for at, spelling in enumerate(_spellings(told, whole.decimal))}
            marked = ", ".join(f"{whole.dialect.marker}{name}" for name in spellings)
            cases.append(f"when coalesce(trim({text}), '') in ({marked}) then {whole.dialect.marker}meant{place}_{number}")
            parameters |= {**spellings, f"meant{place}_{number}": meant}
        translated.append(f"case {' '.join(cases)} else {text} end as {alias}")
        columns[feature] = Column(alias, "text")
    if not translated:
        return replace(whole, columns=columns)
    table = f"(select *, {', '.join(translated)} from {whole.table}) as mapped"
    return replace(whole, columns=columns, table=table, parameters={**whole.parameters, **parameters})


def _free_name(name: str, whole: Relation) -> str:
    """A name that no column has, and that every engine takes unquoted: they quote in different ways."""
    taken = {column.casefold() for column in whole.columns}
    while name in taken:
        name += "_"
    return name


def _spellings(told: str, decimal: Decimal) -> Iterator[str]:
    """The texts that a cell said to hold `told` may have: whole numbers may lie there as floats, and engines write booleans as Python does."""
    yield told
    if told.isdecimal():
        yield f"{told}{decimal}0"
    if told in ("true", "false"):
        yield told.capitalize()
