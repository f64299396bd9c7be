"""Parsed modules and references to their nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from msgspec import Struct, field

from stepgraph.model.span import Span
from stepgraph.syntax.deferred.reads import Memo, ModuleReads, ReadRecorder, is_plain
from stepgraph.syntax.quick_scan import WORDS_ALONE

if TYPE_CHECKING:
    import libcst as cst

    from stepgraph.syntax.deferred.modules import DeferredModule
    from stepgraph.syntax.pieces.joining import JoinedModule
    from stepgraph.syntax.positions import Range
    from stepgraph.syntax.quick_scan import SourceScan
    from stepgraph.syntax.walk import Parents, Scope


Result = TypeVar("Result")
Key = TypeVar("Key")
Node = TypeVar("Node", bound="cst.CSTNode")
CodeResults: TypeAlias = "dict[object, dict[int, Memo[tuple[cst.CSTNode, Any]]]]"

_BRIEF_LENGTH: Final = 200
_MAX_CASE_LENGTH: Final = 10_000
"""Maximum length of a brief text, in characters."""


class ShownContent(Struct):
    """The content of a file from which the code of nodes is shown.

    If a later version of the file has all nodes that an analysis has read, at the same places, it is that version.
    """

    content: bytes
    later_versions: int = 0
    """The number of later versions that were shown."""
    _lines: Sequence[str] | None = None

    @property
    def lines(self) -> Sequence[str]:
        """The lines, without line ends."""
        # Imported here because only pages and links show code.
        from stepgraph.project.encoding import source_lines

        if self._lines is None:
            self._lines = source_lines(self.content)
        return self._lines

    def show(self, content: bytes) -> None:
        """Show the content of a later version."""
        if content != self.content:
            self.content, self._lines = content, None
            self.later_versions += 1


class SourceModule(Struct, eq=False, dict=True, weakref=True):
    """A parsed module of the analyzed project."""

    path: str
    """The path as the user wrote it."""
    tree: cst.Module
    content: bytes
    tokens: int = 0
    """The approximate number of tokens, as in `stepgraph.syntax.quick_scan.QuickScan`."""
    scan: SourceScan | None = None
    """The scan of the source, for the scan of a later version."""
    joined: JoinedModule | None = None
    """The pieces of the module if they were parsed separately."""
    deferred: DeferredModule | None = None
    """The function bodies of the module if they are parsed on first use."""
    earlier_results: CodeResults = field(default_factory=dict)
    """The `code_results` of the earlier version of the module, whose unchanged pieces this version shares."""
    code_results: CodeResults = field(default_factory=dict)
    """Results of `once_for_code`, by function and the identity of the node. Each includes the node."""
    _mentioned: dict[bytes, bool] = field(default_factory=dict)
    """Results of `mentions`, by word."""
    _scopes_around: dict[int, Scope | None] = field(default_factory=dict)
    """Results of `scope_around`, by the identity of an `if` or `elif`."""
    _positions: dict[int, Range] = field(default_factory=dict)
    """Ranges of nodes, by the identity of the node. Some may be missing unless `_has_all_positions`."""
    _has_all_positions: bool = False
    _results: dict[object, Memo[Any]] = field(default_factory=dict)
    """Results of `once`, by function."""
    _results_by_node: dict[object, dict[int, Memo[tuple[cst.CSTNode, Any]]]] = field(default_factory=dict)
    """Results of `once_for`, by function and the identity of the node. Each includes the node, to keep it alive."""

    def __repr__(self) -> str:
        return f"SourceModule({self.path!r})"

    @cached_property
    def parents(self) -> Parents:
        """The parent of each node, computed on first use."""
        from stepgraph.syntax.walk import parents_in

        pieces = self._pieces
        parents = parents_in(self.tree) if pieces is None else pieces.parents
        return parents if self.deferred is None else self.deferred.bodies.parents_with(parents)

    def scope_around(self, node: cst.CSTNode) -> Scope | None:
        """Return the innermost scope that contains a node. Return None for the module, which no scope contains.

        It is memoized for each `elif` because each is nested in the one before it.
        """
        import libcst as cst

        from stepgraph.syntax.walk import SCOPES, ancestors_of

        scope: Scope | None = None
        branches: list[cst.If] = []
        for ancestor in ancestors_of(self.parents, node):
            if isinstance(ancestor, cst.If):
                if id(ancestor) in self._scopes_around:
                    scope = self._scopes_around[id(ancestor)]
                    break
                branches.append(ancestor)
            elif isinstance(ancestor, SCOPES):
                scope = ancestor
                break
        self._scopes_around.update((id(branch), scope) for branch in branches)
        return scope

    def scopes_around(self, node: cst.CSTNode) -> Iterator[Scope]:
        """Yield the scopes that contain a node, innermost first."""
        scope = self.scope_around(node)
        while scope is not None:
            yield scope
            scope = self.scope_around(scope)

    @property
    def _pieces(self) -> JoinedModule | None:
        """The pieces of the tree, without the bodies that are parsed on first use."""
        return self.joined if self.deferred is None else self.deferred.joined

    @property
    def tokens_in_memory(self) -> int:
        """The number of tokens of the parsed part of the module."""
        return self.tokens if self.deferred is None else self.deferred.tokens_in_memory

    def once(self, compute: Callable[[SourceModule], Result]) -> Result:
        """Return `compute(self)`, memoized because all workflows of the module need the same result."""
        memo = self._results.get(compute)
        recorder = self._recorder
        if memo is None or (recorder is not None and memo.reads is None):
            memo = self._memo(self._results, compute, lambda: compute(self))
        if recorder is not None:
            recorder.add_result(self.path, compute, memo)
        result: Result = memo.result
        return result

    def once_for(self, node: Node, compute: Callable[[Node, SourceModule], Result]) -> Result:
        """Return `compute(node, self)` for a node of the module, memoized for this version."""
        memos = self._results_by_node.setdefault(compute, {})
        if self._recorder is None:
            memo = memos.get(id(node))
            if memo is None:
                memo = memos[id(node)] = Memo((node, compute(node, self)))
            entry = memo.result
        else:
            entry = self.memoize(memos, id(node), lambda: (node, compute(node, self)))
        result: Result = entry[1]
        return result

    def once_for_code(self, node: Node, compute: Callable[[Node], Result]) -> Result:
        """Return `compute(node)`, which depends on nothing outside of the node, memoized for all versions with it."""
        memos = self.code_results.setdefault(compute, {})
        if self._recorder is None:
            memo = memos.get(id(node))
            if memo is None:
                memo = self.earlier_results.get(compute, {}).get(id(node)) or Memo((node, compute(node)))
                memos[id(node)] = memo
            entry = memo.result
        else:
            entry = self.memoize(memos, id(node), lambda: (node, compute(node)))
        result: Result = entry[1]
        return result

    def memoize(self, memos: dict[Key, Memo[Result]], key: Key, compute: Callable[[], Result]) -> Result:
        """Return the result of a function without arguments, memoized with the parts of modules that it reads."""
        memo = memos.get(key)
        recorder = self._recorder
        if memo is None or (recorder is not None and memo.reads is None):
            memo = self._memo(memos, key, compute)
        if recorder is not None:
            recorder.add(memo)
        return memo.result

    def _memo(self, memos: dict[Key, Memo[Result]], key: Key, compute: Callable[[], Result]) -> Memo[Result]:
        memo = memos.get(key)
        recorder = self._recorder
        if recorder is None or not recorder.is_active:
            if memo is None:
                memo = memos[key] = Memo(compute())
        elif memo is None or memo.reads is None:
            result, reads = recorder.record(compute)
            memo = memos[key] = Memo(result, reads, is_plain(result))
        return memo

    @cached_property
    def _recorder(self) -> ReadRecorder | None:
        return None if self.deferred is None else self.deferred.bodies.recorder

    @property
    def reads(self) -> ModuleReads | None:
        """The record of the reads in this thread, to be extended. None if nothing is recorded."""
        return None if self._recorder is None else self._recorder.of(self.path)

    @cached_property
    def shown(self) -> ShownContent:
        """The content from which the code of nodes is shown."""
        return ShownContent(self.content)

    @property
    def source(self) -> bytes:
        """The source."""
        if (reads := self.reads) is not None:
            reads.is_whole = True
        return self.content

    @property
    def utf_8_source(self) -> bytes:
        """The source in UTF-8, for searches of names in it."""
        return self.source if self.tree.encoding.startswith("utf-8") else self._converted_content

    @cached_property
    def _converted_content(self) -> bytes:
        """The content in UTF-8."""
        from stepgraph.project.encoding import utf_8_content

        return utf_8_content(self.content)

    def mentions(self, word: bytes) -> bool:
        """Return whether the source contains a word anywhere. This is a cheap test before a search of the tree."""
        is_mentioned = self._mentioned.get(word)
        if is_mentioned is None:
            source = self.content if self.tree.encoding.startswith("utf-8") else self._converted_content
            self._mentioned[word] = is_mentioned = word in source
        if (reads := self.reads) is not None:
            reads.mentions[word] = is_mentioned
        return is_mentioned

    @cached_property
    def words(self) -> frozenset[str]:
        """The names, numbers and words in the source. Only for analyses that are not recorded; see `reads`."""
        encoded = {*self.utf_8_source.translate(WORDS_ALONE).split()}
        words = frozenset([word.decode(errors="replace") for word in encoded])
        if self.content.isascii():
            return words
        # Imported here for a fast start.
        from unicodedata import normalize

        return words | frozenset(normalize("NFKC", word) for word in words)

    def span(self, node: cst.CSTNode) -> Span:
        """Return the location of `node`.

        Positions are computed by writing the piece with the node out again, in about a third of the time of parsing it.
        In a module without pieces, the first call writes up to the node, and the first call for a later node writes to
        the end.
        """
        line, column, end_line, end_column = self._range_of(node) or (1, 0, 1, 0)
        return Span(self.path, line, column + 1, end_line, end_column + 1)

    def _range_of(self, node: cst.CSTNode) -> Range | None:
        if self.deferred is None:
            return self._range_in_tree(node)
        bodies = self.deferred.bodies
        result = bodies.range_of(node) or bodies.range_in_source(self._range_in_tree(node))
        if result is not None and (reads := bodies.reads) is not None:
            reads.last_line = max(reads.last_line, result[2])
        return result

    def _range_in_tree(self, node: cst.CSTNode) -> Range | None:
        """Return the range of a node in the tree, without the bodies that are parsed on first use."""
        if self._pieces is not None:
            return self._pieces.range_of(node)
        # Imported here, like LibCST below, because code that only forwards a `SourcePlace` does not need LibCST.
        from stepgraph.syntax.positions import positions

        if id(node) not in self._positions and not self._has_all_positions:
            is_complete = bool(self._positions)
            # Another thread may read or add positions meanwhile, because editors ask while an analysis runs.
            self._positions.update(positions(self.tree, None if is_complete else node))
            if is_complete:
                self._has_all_positions = True
        return self._positions.get(id(node))

    def heading(self, node: cst.CSTNode) -> Span:
        """Return the location of a class up to the end of its name, or the span of another node.

        This method is cheaper than `span`, which has to reach the end of the class.
        """
        import libcst as cst

        if not isinstance(node, cst.ClassDef):
            return self.span(node)
        name, gap = self.span(node.name), node.whitespace_after_class.value
        if not gap.strip(" \t"):
            return Span(name.path, name.line, name.column - len(f"class{gap}"), name.end_line, name.end_column)
        start = self.span(node)
        return Span(name.path, start.line, start.column, name.end_line, name.end_column)

    def brief_text(self, node: cst.CSTNode) -> str:
        """Return the source of `node` on one line, truncated if long; memoized because messages repeat it."""
        return self.once_for(node, _brief_text)

    def case_text(self, node: cst.CSTNode) -> str:
        """Return the text of `node` as the condition of a case, truncated if very long.

        It is memoized because each read of a collection needs the texts of all elements.
        """
        return self.once_for(node, _case_text)

    def operand_text(self, node: cst.CSTNode) -> str:
        """Return the text of an operand, memoized because the conditions of all later operands contain it."""
        return self.once_for(node, _text)

    def text(self, node: cst.CSTNode) -> str:
        """Return the source of `node` on one line without comments, or the name of a function or class."""
        from stepgraph.syntax.source_text import source_text

        return source_text(self.tree, node)


def once_per_node(compute: Callable[[Node, SourceModule], Result]) -> Callable[[Node, SourceModule], Result]:
    """Memoize a function of a node and its module for this version of the module, as `SourceModule.once_for` does."""

    @wraps(compute)
    def memoized(node: Node, module: SourceModule) -> Result:
        return module.once_for(node, compute)

    return memoized


def once_per_code(compute: Callable[[Node], Result]) -> Callable[[Node, SourceModule], Result]:
    """Memoize a function of a node alone for all versions of its module, the second argument of the result."""

    @wraps(compute)
    def memoized(node: Node, module: SourceModule) -> Result:
        return module.once_for_code(node, compute)

    return memoized


def _text(node: cst.CSTNode, module: SourceModule) -> str:
    return module.text(node)


def _brief_text(node: cst.CSTNode, module: SourceModule) -> str:
    return _shortened(module.text(node), _BRIEF_LENGTH)


def _case_text(node: cst.CSTNode, module: SourceModule) -> str:
    return _shortened(module.text(node), _MAX_CASE_LENGTH)


def _shortened(text: str, max_length: int) -> str:
    """Return a text of at most this length, or the start of the text."""
    return text if len(text) <= max_length else text[: _BRIEF_LENGTH - 1] + "…"


class SourcePlace(Struct, frozen=True, cache_hash=True):
    """A node and its module: the source location of a value or of an operation of the IR."""

    module: SourceModule
    node: cst.CSTNode

    def __repr__(self) -> str:
        return f"Place({self.span})"

    @property
    def span(self) -> Span:
        """The location of the node, computed on first use."""
        return self.module.span(self.node)

    @property
    def heading(self) -> Span:
        """The location of a class up to the end of its name, or the span of another node."""
        return self.module.heading(self.node)

    @property
    def brief_text(self) -> str:
        """The source of the node on one line, without comments, truncated if long."""
        return self.module.brief_text(self.node)

    @property
    def text(self) -> str:
        """The source of the node on one line without comments, or the name of a function or class."""
        return self.module.text(self.node)

    @property
    def is_raise_statement(self) -> bool:
        """Whether the node is a `raise` statement."""
        import libcst as cst

        return isinstance(self.node, cst.Raise)

    @property
    def is_import(self) -> bool:
        """Whether the node is an `import` statement."""
        import libcst as cst

        return isinstance(self.node, cst.Import | cst.ImportFrom)

    @property
    def has_comment(self) -> bool:
        """Whether the source of the node contains a comment."""
        from stepgraph.syntax.source_text import has_comment

        return has_comment(self.module.tree, self.node)

    @property
    def case_text(self) -> str:
        """The text of the node as the condition of a case, truncated if very long."""
        return self.module.case_text(self.node)

    @property
    def callee_text(self) -> str:
        """The source of the function in a call or in an awaited call, or of another node, as in `brief_text`."""
        import libcst as cst

        node = self.node.expression if isinstance(self.node, cst.Await) else self.node
        return self.module.brief_text(node.func if isinstance(node, cst.Call) else node)

    @property
    def functions(self) -> tuple[cst.FunctionDef, ...]:
        """The functions around the node, innermost first, without lambdas."""
        import libcst as cst

        scopes = self.module.scopes_around(self.node)
        return tuple(scope for scope in scopes if isinstance(scope, cst.FunctionDef))

    @property
    def synchronous_function(self) -> str | None:
        """The name of the function around the node if it cannot contain an `await`, because it is not async."""
        function = next(iter(self.functions), None)
        return None if function is None or function.asynchronous is not None else function.name.value

    @property
    def body_text(self) -> str:
        """The source of the body of a function on one line without comments, or the text of another node."""
        import libcst as cst

        return self.module.text(self.node.body if isinstance(self.node, cst.FunctionDef) else self.node)
