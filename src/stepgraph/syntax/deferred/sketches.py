"""Sketches of function bodies: syntax trees without layout and positions, for searches of whole modules.

A sketch has the node types of LibCST, but is made from the tree of Python's own parser, which takes a third of the time
of LibCST. Its nodes have only the fields with child nodes, names and strings. Numbers, operators, whitespace and the
tokens of `async` and `=` are None, each statement has its own line, and each block is indented.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NoReturn, TypeAlias, TypeVar, cast

import libcst as cst

from stepgraph.syntax.deferred.outline import Function
from stepgraph.syntax.deferred.sketch_nodes import (
    dotted_name,
    import_aliases,
    is_literal,
    literals_in,
    new_name,
    new_node,
)

_ADJACENT_QUOTES: Final = re.compile(r"[\"'][\s\\]*+[bBfFrRuU]{0,2}[\"']")
_QUOTES_AND_PREFIXES: Final = "\"'fFrRuU"
_HAS_POSITIONS_IN_FORMAT_STRINGS: Final = sys.version_info >= (3, 12)

_Try: TypeAlias = ast.Try | ast.TryStar
_COMPOUND_TYPES: Final = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)

_KEYWORD_STATEMENTS: Final[dict[type[ast.AST], type[cst.CSTNode]]] = {
    ast.Break: cst.Break,
    ast.Continue: cst.Continue,
    ast.Pass: cst.Pass,
}
_COLLECTIONS: Final[dict[type[ast.AST], type[cst.CSTNode]]] = {
    ast.List: cst.List,
    ast.Set: cst.Set,
    ast.Tuple: cst.Tuple,
}
_COMPREHENSIONS: Final[dict[type[ast.AST], type[cst.CSTNode]]] = {
    ast.GeneratorExp: cst.GeneratorExp,
    ast.ListComp: cst.ListComp,
    ast.SetComp: cst.SetComp,
}


class UnsupportedSyntaxError(Exception):
    """A body contains syntax that has no sketch."""


_Converter: TypeAlias = Callable[["Sketcher", ast.AST], cst.CSTNode]
_Method = TypeVar("_Method")


class _Converters(dict[type[ast.AST], _Converter]):
    """The methods of `Sketcher`, by node type."""

    def __missing__(self, _: type[ast.AST]) -> NoReturn:
        raise UnsupportedSyntaxError


_converters: Final = _Converters()


def _converts(*node_types: type[ast.AST]) -> Callable[[_Method], _Method]:
    """Register a method of `Sketcher` for node types."""

    def register(method: _Method) -> _Method:
        _converters.update(dict.fromkeys(node_types, cast("_Converter", method)))
        return method

    return register


class Sketcher:
    """Converts the nodes of Python's own parser."""

    def __init__(self, source: str) -> None:
        # The columns of Python's parser count the bytes of characters in UTF-8.
        self._lines = source.split("\n") if source.isascii() else source.encode().split(b"\n")
        self._in_format_string = False
        self._has_adjacent_quotes = False
        """Whether strings in the fields of the current format string may consist of several literals."""

    def block(self, body: Sequence[ast.stmt]) -> cst.BaseSuite:
        """Return the sketch of a block. Raises UnsupportedSyntaxError for syntax without a sketch."""
        return cast("cst.IndentedBlock", new_node(cst.IndentedBlock, body=tuple(map(self._statement, body))))

    def _statement(self, statement: ast.stmt) -> cst.CSTNode:
        node = self._node(statement)
        return node if isinstance(statement, _COMPOUND_TYPES) else new_node(cst.SimpleStatementLine, body=(node,))

    def _node(self, node: ast.AST) -> cst.CSTNode:
        """Return the sketch of a statement or an expression."""
        return _converters[type(node)](self, node)

    @_converts(ast.If)
    def _if(self, statement: ast.If) -> cst.CSTNode:
        match statement.orelse:
            case [ast.If() as inner] if inner.col_offset == statement.col_offset:
                clause: cst.CSTNode | None = self._if(inner)  # `elif`
            case body:
                clause = self._else(body)
        return new_node(cst.If, test=self._node(statement.test), body=self.block(statement.body), orelse=clause)

    def _else(self, body: Sequence[ast.stmt]) -> cst.CSTNode | None:
        return new_node(cst.Else, body=self.block(body)) if body else None

    @_converts(ast.For, ast.AsyncFor)
    def _for(self, statement: ast.For | ast.AsyncFor) -> cst.CSTNode:
        return new_node(
            cst.For,
            target=self._node(statement.target),
            iter=self._node(statement.iter),
            body=self.block(statement.body),
            orelse=self._else(statement.orelse),
        )

    @_converts(ast.While)
    def _while(self, statement: ast.While) -> cst.CSTNode:
        test, body = self._node(statement.test), self.block(statement.body)
        return new_node(cst.While, test=test, body=body, orelse=self._else(statement.orelse))

    @_converts(ast.Try, ast.TryStar)
    def _try(self, statement: _Try) -> cst.CSTNode:
        has_stars = isinstance(statement, ast.TryStar)
        handler_type = cst.ExceptStarHandler if has_stars else cst.ExceptHandler
        handlers = tuple(
            new_node(
                handler_type,
                type=self._optional(handler.type),
                name=None if handler.name is None else new_node(cst.AsName, name=new_name(handler.name)),
                body=self.block(handler.body),
            )
            for handler in statement.handlers
        )
        final = new_node(cst.Finally, body=self.block(statement.finalbody)) if statement.finalbody else None
        return new_node(
            cst.TryStar if has_stars else cst.Try,
            body=self.block(statement.body),
            handlers=handlers,
            orelse=self._else(statement.orelse),
            finalbody=final,
        )

    @_converts(ast.With, ast.AsyncWith)
    def _with(self, statement: ast.With | ast.AsyncWith) -> cst.CSTNode:
        items = tuple(
            new_node(
                cst.WithItem,
                item=self._node(item.context_expr),
                asname=item.optional_vars and new_node(cst.AsName, name=self._node(item.optional_vars)),
            )
            for item in statement.items
        )
        return new_node(cst.With, items=items, body=self.block(statement.body))

    @_converts(ast.FunctionDef, ast.AsyncFunctionDef)
    def _function(self, statement: Function) -> cst.CSTNode:
        if getattr(statement, "type_params", None):
            raise UnsupportedSyntaxError
        return new_node(
            cst.FunctionDef,
            name=new_name(statement.name),
            params=self._parameters(statement.args),
            body=self.block(statement.body),
            decorators=self._decorators(statement),
            returns=self._annotation(statement.returns),
        )

    @_converts(ast.ClassDef)
    def _class(self, statement: ast.ClassDef) -> cst.CSTNode:
        if getattr(statement, "type_params", None):
            raise UnsupportedSyntaxError
        return new_node(
            cst.ClassDef,
            name=new_name(statement.name),
            body=self.block(statement.body),
            bases=self._arguments(statement.bases, ()),
            keywords=self._arguments((), statement.keywords),
            decorators=self._decorators(statement),
        )

    def _decorators(self, statement: Function | ast.ClassDef) -> tuple[cst.CSTNode, ...]:
        return tuple(new_node(cst.Decorator, decorator=self._node(each)) for each in statement.decorator_list)

    def _annotation(self, annotation: ast.expr | None) -> cst.CSTNode | None:
        return None if annotation is None else new_node(cst.Annotation, annotation=self._node(annotation))

    def _parameters(self, arguments: ast.arguments) -> cst.CSTNode:
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
        params = [self._parameter(each, default) for each, default in zip(positional, defaults, strict=True)]
        count = len(arguments.posonlyargs)
        star: object = cst.MaybeSentinel.DEFAULT
        if arguments.vararg is not None:
            star = self._parameter(arguments.vararg, None, "*")
        elif arguments.kwonlyargs:
            star = new_node(cst.ParamStar)
        keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return new_node(
            cst.Parameters,
            params=tuple(params[count:]),
            star_arg=star,
            kwonly_params=tuple(self._parameter(each, default) for each, default in keyword_only),
            star_kwarg=None if arguments.kwarg is None else self._parameter(arguments.kwarg, None, "**"),
            posonly_params=tuple(params[:count]),
        )

    def _parameter(self, argument: ast.arg, default: ast.expr | None, star: str = "") -> cst.CSTNode:
        return new_node(
            cst.Param,
            name=new_name(argument.arg),
            annotation=self._annotation(argument.annotation),
            default=self._optional(default),
            star=star,
        )

    @_converts(ast.Assign)
    def _assign(self, statement: ast.Assign) -> cst.CSTNode:
        targets = tuple(new_node(cst.AssignTarget, target=self._node(target)) for target in statement.targets)
        return new_node(cst.Assign, targets=targets, value=self._node(statement.value))

    @_converts(ast.Delete)
    def _delete(self, statement: ast.Delete) -> cst.CSTNode:
        targets = statement.targets
        target = self._node(targets[0]) if len(targets) == 1 else self._collection(cst.Tuple, targets)
        return new_node(cst.Del, target=target)

    @_converts(ast.ImportFrom)
    def _import_from(self, statement: ast.ImportFrom) -> cst.CSTNode:
        is_star = statement.names[0].name == "*"
        return new_node(
            cst.ImportFrom,
            module=None if statement.module is None else dotted_name(statement.module),
            names=new_node(cst.ImportStar) if is_star else import_aliases(statement.names),
            relative=tuple(new_node(cst.Dot) for _ in range(statement.level)),
        )

    @_converts(ast.Raise)
    def _raise(self, statement: ast.Raise) -> cst.CSTNode:
        cause = None if statement.cause is None else new_node(cst.From, item=self._node(statement.cause))
        return new_node(cst.Raise, exc=self._optional(statement.exc), cause=cause)

    def _optional(self, node: ast.expr | None) -> cst.CSTNode | None:
        return None if node is None else self._node(node)

    @_converts(ast.Call)
    def _call(self, node: ast.Call) -> cst.CSTNode:
        return new_node(cst.Call, func=self._node(node.func), args=self._arguments(node.args, node.keywords))

    def _arguments(self, values: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> tuple[cst.CSTNode, ...]:
        arguments: list[ast.expr | ast.keyword] = [*values, *keywords]
        if values and keywords:
            arguments.sort(key=lambda argument: (argument.lineno, argument.col_offset))
        return tuple(map(self._argument, arguments))

    def _argument(self, argument: ast.expr | ast.keyword) -> cst.CSTNode:
        match argument:
            case ast.Starred(value=value):
                return new_node(cst.Arg, star="*", value=self._node(value))
            case ast.keyword(arg=None, value=value):
                return new_node(cst.Arg, star="**", value=self._node(value))
            case ast.keyword(arg=str(name), value=value):
                return new_node(cst.Arg, star="", keyword=new_name(name), value=self._node(value))
            case _:
                return new_node(cst.Arg, star="", value=self._node(argument))

    def _collection(self, node_type: type[cst.CSTNode], elements: Iterable[ast.expr]) -> cst.CSTNode:
        return new_node(
            node_type,
            elements=tuple(
                new_node(cst.StarredElement, value=self._node(element.value))
                if isinstance(element, ast.Starred)
                else new_node(cst.Element, value=self._node(element))
                for element in elements
            ),
        )

    @_converts(ast.Dict)
    def _dict(self, node: ast.Dict) -> cst.CSTNode:
        return new_node(
            cst.Dict,
            elements=tuple(
                new_node(cst.StarredDictElement, value=self._node(value))
                if key is None
                else new_node(cst.DictElement, key=self._node(key), value=self._node(value))
                for key, value in zip(node.keys, node.values, strict=True)
            ),
        )

    def _comprehension(self, generators: Sequence[ast.comprehension]) -> cst.CSTNode | None:
        result: cst.CSTNode | None = None
        for generator in reversed(generators):
            result = new_node(
                cst.CompFor,
                target=self._node(generator.target),
                iter=self._node(generator.iter),
                ifs=tuple(new_node(cst.CompIf, test=self._node(test)) for test in generator.ifs),
                inner_for_in=result,
            )
        return result

    @_converts(ast.BoolOp)
    def _boolean_operation(self, node: ast.BoolOp) -> cst.CSTNode:
        first, *others = map(self._node, node.values)
        for other in others:
            first = new_node(cst.BooleanOperation, left=first, right=other)
        return first

    @_converts(ast.Compare)
    def _comparison(self, node: ast.Compare) -> cst.CSTNode:
        targets = tuple(new_node(cst.ComparisonTarget, comparator=self._node(each)) for each in node.comparators)
        return new_node(cst.Comparison, left=self._node(node.left), comparisons=targets)

    @_converts(ast.Subscript)
    def _subscript(self, node: ast.Subscript) -> cst.CSTNode:
        match node.slice:
            case ast.Tuple(elts=[first, *_] as items) if _starts_with(node.slice, first):
                parts = items
            case part:
                parts = [part]
        return new_node(cst.Subscript, value=self._node(node.value), slice=tuple(map(self._subscript_part, parts)))

    def _subscript_part(self, part: ast.expr) -> cst.CSTNode:
        match part:
            case ast.Slice(lower=lower, upper=upper, step=step):
                limits = {"lower": self._optional(lower), "upper": self._optional(upper)}
                inner = new_node(cst.Slice, **limits, step=self._optional(step))
            case ast.Starred(value=value):
                inner = new_node(cst.Index, value=self._node(value), star="*")
            case _:
                inner = new_node(cst.Index, value=self._node(part))
        return new_node(cst.SubscriptElement, slice=inner)

    @_converts(ast.Constant)
    def _constant(self, node: ast.Constant) -> cst.CSTNode:
        match node.value:
            case None | True | False:
                return new_name(str(node.value))
            case str() | bytes():
                return self._string(node)
            case int():
                return new_node(cst.Integer)
            case float():
                return new_node(cst.Float)
            case complex():
                return new_node(cst.Imaginary)
            case _:
                return new_node(cst.Ellipsis)

    def _string(self, node: ast.Constant) -> cst.CSTNode:
        """Return a string. A string that consists of several literals has no parts."""
        if self._in_format_string and not _HAS_POSITIONS_IN_FORMAT_STRINGS:
            text = repr(node.value)
            if self._has_adjacent_quotes or set(text[1:-1]) & set("'\"\\"):
                raise UnsupportedSyntaxError
        else:
            text = self._text_of(node)
        return new_node(cst.SimpleString, value=text) if is_literal(text) else new_node(cst.ConcatenatedString)

    def _text_of(self, node: ast.expr) -> str:
        first, last = node.lineno - 1, (node.end_lineno or 0) - 1
        if first == last:
            return _decode(self._lines[first][node.col_offset : node.end_col_offset])
        lines = [_decode(line) for line in self._lines[first + 1 : last]]
        start, end = self._lines[first][node.col_offset :], self._lines[last][: node.end_col_offset]
        return "\n".join([_decode(start), *lines, _decode(end)])

    @_converts(ast.JoinedStr)
    def _format_string(self, node: ast.JoinedStr) -> cst.CSTNode:
        return new_node(cst.FormattedString, parts=self._format_fields(node))

    def _format_fields(self, node: ast.JoinedStr) -> tuple[cst.CSTNode, ...]:
        was_in_format_string, self._in_format_string = self._in_format_string, True
        if not was_in_format_string and not _HAS_POSITIONS_IN_FORMAT_STRINGS:
            contents = (literal.strip(_QUOTES_AND_PREFIXES) for literal in literals_in(self._text_of(node)))
            self._has_adjacent_quotes = any(map(_ADJACENT_QUOTES.search, contents))
        parts = tuple(
            new_node(
                cst.FormattedStringExpression,
                expression=self._node(value.value),
                format_spec=self._format_fields(value.format_spec)
                if isinstance(value.format_spec, ast.JoinedStr)
                else None,
            )
            for value in node.values
            if isinstance(value, ast.FormattedValue)
        )
        self._in_format_string = was_in_format_string
        return parts

    @_converts(ast.Lambda)
    def _lambda(self, node: ast.Lambda) -> cst.CSTNode:
        return new_node(cst.Lambda, params=self._parameters(node.args), body=self._node(node.body))

    @_converts(ast.AnnAssign)
    def _annotated_assign(self, node: ast.AnnAssign) -> cst.CSTNode:
        target, value = self._node(node.target), self._optional(node.value)
        return new_node(cst.AnnAssign, target=target, annotation=self._annotation(node.annotation), value=value)

    @_converts(ast.Assert)
    def _assert(self, node: ast.Assert) -> cst.CSTNode:
        return new_node(cst.Assert, test=self._node(node.test), msg=self._optional(node.msg))

    @_converts(ast.AugAssign)
    def _augmented_assign(self, node: ast.AugAssign) -> cst.CSTNode:
        return new_node(cst.AugAssign, target=self._node(node.target), value=self._node(node.value))

    @_converts(*_KEYWORD_STATEMENTS)
    def _keyword(self, node: ast.stmt) -> cst.CSTNode:
        return new_node(_KEYWORD_STATEMENTS[type(node)])

    @_converts(ast.Expr)
    def _expr(self, node: ast.Expr) -> cst.CSTNode:
        return new_node(cst.Expr, value=self._node(node.value))

    @_converts(ast.Global)
    def _global(self, node: ast.Global) -> cst.CSTNode:
        return new_node(cst.Global, names=tuple(new_node(cst.NameItem, name=new_name(name)) for name in node.names))

    @_converts(ast.Import)
    def _import(self, node: ast.Import) -> cst.CSTNode:
        return new_node(cst.Import, names=import_aliases(node.names))

    @_converts(ast.Nonlocal)
    def _nonlocal(self, node: ast.Nonlocal) -> cst.CSTNode:
        return new_node(cst.Nonlocal, names=tuple(new_node(cst.NameItem, name=new_name(name)) for name in node.names))

    @_converts(ast.Return)
    def _return(self, node: ast.Return) -> cst.CSTNode:
        return new_node(cst.Return, value=self._optional(node.value))

    @_converts(ast.Attribute)
    def _attribute(self, node: ast.Attribute) -> cst.CSTNode:
        return new_node(cst.Attribute, value=self._node(node.value), attr=new_name(node.attr))

    @_converts(ast.Await)
    def _await(self, node: ast.Await) -> cst.CSTNode:
        return new_node(cst.Await, expression=self._node(node.value))

    @_converts(ast.BinOp)
    def _binary_operation(self, node: ast.BinOp) -> cst.CSTNode:
        return new_node(cst.BinaryOperation, left=self._node(node.left), right=self._node(node.right))

    @_converts(ast.DictComp)
    def _dict_comp(self, node: ast.DictComp) -> cst.CSTNode:
        key, value = self._node(node.key), self._node(node.value)
        return new_node(cst.DictComp, key=key, value=value, for_in=self._comprehension(node.generators))

    @_converts(*_COMPREHENSIONS)
    def _element_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> cst.CSTNode:
        for_in = self._comprehension(node.generators)
        return new_node(_COMPREHENSIONS[type(node)], elt=self._node(node.elt), for_in=for_in)

    @_converts(ast.IfExp)
    def _conditional(self, node: ast.IfExp) -> cst.CSTNode:
        test, body = self._node(node.test), self._node(node.body)
        return new_node(cst.IfExp, test=test, body=body, orelse=self._node(node.orelse))

    @_converts(*_COLLECTIONS)
    def _display(self, node: ast.List | ast.Set | ast.Tuple) -> cst.CSTNode:
        return self._collection(_COLLECTIONS[type(node)], node.elts)

    @_converts(ast.Name)
    def _identifier(self, node: ast.Name) -> cst.CSTNode:
        return new_name(node.id)

    @_converts(ast.NamedExpr)
    def _named_expr(self, node: ast.NamedExpr) -> cst.CSTNode:
        return new_node(cst.NamedExpr, target=self._node(node.target), value=self._node(node.value))

    @_converts(ast.UnaryOp)
    def _unary_operation(self, node: ast.UnaryOp) -> cst.CSTNode:
        return new_node(cst.UnaryOperation, expression=self._node(node.operand))

    @_converts(ast.Yield)
    def _yield(self, node: ast.Yield) -> cst.CSTNode:
        return new_node(cst.Yield, value=self._optional(node.value))

    @_converts(ast.YieldFrom)
    def _yield_from(self, node: ast.YieldFrom) -> cst.CSTNode:
        return new_node(cst.Yield, value=new_node(cst.From, item=self._node(node.value)))


def _decode(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode()


def _starts_with(outer: ast.expr, first: ast.expr) -> bool:
    return (outer.lineno, outer.col_offset) == (first.lineno, first.col_offset)
