"""The rows of an outline: the row of each type of node, its mark, and the rows below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model.details import ANY_OTHER_ERROR, NO_DETAILS, Details, Part
from stepgraph.model.walk import as_unknown, children, handlers_in, is_leaf_step, is_step, walk
from stepgraph.phrases import payload_text
from stepgraph.render.folding import (
    UNFOLDED,
    BodyTexts,
    Folding,
    exit_kind,
    folded_node_text,
    folded_title,
    names_inside,
    names_within,
)
from stepgraph.render.group_order import MemberClocks
from stepgraph.render.node_text import (
    UNKNOWN_TYPE,
    always_running_branch,
    branch_after_jump,
    branch_text,
    call_text,
    exit_remarks,
    is_guard,
    name_text,
    only_exit,
    try_body,
    without_rest,
)
from stepgraph.render.outline_pieces import (
    FindingSigns,
    clock_pieces,
    exit_ink,
    guard_pieces,
    jump_piece,
    mark_piece,
    name_piece,
    quiet_pieces,
    raise_piece,
)
from stepgraph.render.step_types import step_style, step_text
from stepgraph.render.terminal import Ink, LinePiece

if TYPE_CHECKING:
    from stepgraph.model.payload import (
        Block,
        Branch,
        Break,
        FunctionCall,
        FunctionDef,
        If,
        Loop,
        Node,
        Parallel,
        Start,
        Step,
        Switch,
        Try,
        UnknownNode,
    )
    from stepgraph.render.outline_progress import ProgressPieces

_MAX_NAMES = 60
"""The maximum length of the names of the steps in a folded node, in terminal cells."""

EXIT_MARKS = {"break": "⤶", "return": "⏎", "raise": "✕"}
EXIT_MARK = "⤶"
LOOP_MARK = "↻"
PARALLEL_MARK = "∥"
TRY_MARK = "▣"
BLOCK_MARK = "□"
IF_MARK = "◇"
SWITCH_MARK = "◆"
FUNCTION_MARK = "ƒ"
REPEATED_MARK = "↑"
START_MARK = "▸"
UNKNOWN_MARK = "?"


def _folded_style(node: Node) -> tuple[str, Ink]:
    """Return the mark and the ink of a folded node."""
    if as_unknown(node):
        return UNKNOWN_MARK, Ink.WARNING
    if is_step(node):
        return step_style(node["type"]).mark, Ink.STEP
    match node["type"]:
        case "loop":
            return LOOP_MARK, Ink.LOOP
        case "parallel":
            return PARALLEL_MARK, Ink.PARALLEL
        case "block":
            return BLOCK_MARK, Ink.QUIET
        case "try":
            return TRY_MARK, Ink.TRY
        case "if":
            return IF_MARK, Ink.CHOICE
        case "switch":
            return SWITCH_MARK, Ink.CHOICE
        case "function_call" | "function_def":
            return FUNCTION_MARK, Ink.STRONG
        case "start":
            return START_MARK, Ink.STRONG
        case "break":
            return EXIT_MARK, Ink.STRONG
        case _ as never:
            assert_never(never)


NO_STEPS = "(no steps)"
SHOWN_ABOVE = "(shown above)"
"""The remark on a call of a function whose body is at an earlier call."""


class Row(Struct, frozen=True):
    """A line of the outline."""

    pieces: tuple[LinePiece, ...]
    below: Sequence[Row | Node] = ()
    """The rows or nodes below it."""

    level: int = 1
    """The level of the nodes below it."""

    part: Part | None = None
    """The node, branch or block of the row. A jump at the end of a part has none, because the payload omits it."""

    @property
    def title(self) -> str:
        """The text without the mark and the remarks."""
        return "".join(piece.text for piece in self.pieces if piece.role == "title")

    @property
    def remarks(self) -> str:
        """The clocks, settings and remarks."""
        return " ".join(piece.text.strip() for piece in self.pieces if piece.role == "remark")


class OutlineLine(Struct, frozen=True):
    """A row at its place in the tree."""

    depth: int
    """The number of rows around the row."""
    row: Row
    is_last: bool
    """Whether no row of the same parent follows."""


class _Siblings(Struct):
    """The rows of a parent that have not been visited yet."""

    pending: list[Row | Node]
    """The rows in reverse order. A node stands for its rows."""

    level: int
    """The level of the nodes among them."""


class RowMaker(Struct):
    """Creates rows in printing order, so a function is expanded at its first call."""

    functions: Mapping[str, FunctionDef]
    body_texts: BodyTexts
    """The summaries of folded functions."""

    called: frozenset[str] = frozenset()
    """The names of the functions that a run may reach."""

    folding: Folding = UNFOLDED
    shown: set[str] = field(default_factory=set)
    """The names of the functions expanded so far."""

    counted: set[str] = field(default_factory=set)
    """The names of the functions summarized by a folded call."""

    details: Details = NO_DETAILS
    signs: FindingSigns = FindingSigns()
    """The findings of the nodes."""
    progress: ProgressPieces | None = None
    """The progress of an instance to show, or None for a graph alone."""
    clocks: MemberClocks = field(default_factory=MemberClocks)

    def rows(self, node: Node, level: int = 1) -> Sequence[Row]:
        """Return the rows of a node: one for each branch of an `if` or part of a `try`, or else a single row.

        An `if` that always runs has no separate row.
        """
        rows = self._rows(node, level)
        if rows and self.progress is not None and not is_step(node) and node["type"] != "if":
            first, *rows_below = rows
            rows = [replace(first, pieces=self.progress.part(node, first.pieces)), *rows_below]
        return self._with_signs(node, rows) if rows and self.signs else rows

    def lines(self, below: Sequence[Row | Node], level: int = 1) -> Iterator[OutlineLine]:
        """Yield the rows of a tree without its root, from top to bottom. `level` is that of the nodes in `below`."""
        parents = [_Siblings(list(reversed(below)), level)]
        while parents:
            siblings = parents[-1]
            if not siblings.pending:
                parents.pop()
                continue
            item = siblings.pending.pop()
            if not isinstance(item, Row):
                # Rows are created lazily, because their order decides which call shows the body of a function.
                siblings.pending.extend(reversed(self.rows(item, siblings.level)))
                continue
            yield OutlineLine(len(parents) - 1, item, not siblings.pending)
            parents.append(_Siblings(list(reversed(item.below)), item.level))

    def _rows(self, node: Node, level: int) -> Sequence[Row]:
        if (branch := always_running_branch(node, self.details)) is not None:
            return list(self._frameless(branch, level))
        if node["type"] == "if" and (branch := branch_after_jump(node, self.details)) is not None:
            return [self._before_jump(node, level), *self._frameless(branch, level)]
        if self.folding.folds(node, level) and not is_guard(node):
            if node["type"] == "function_call":
                return [replace(self._folded_call(node), part=node)]
            if children(node):
                return [replace(self._folded(node), part=node)]
        rows = [_with_level(row, level + 1) for row in self._open(node, level)]
        return [row if row.part is not None else replace(row, part=node) for row in rows]

    def _before_jump(self, node: If, level: int) -> Row:
        """Return the row of the first branch of an `if`, which ends in a jump."""
        alone = without_rest(node)
        if node["branches"][0]["nodes"] and self.folding.folds(node, level):
            return replace(self._folded(alone), part=node)
        return replace(_with_level(self._if(alone)[0], level + 1), part=node)

    def _frameless(self, branch: Branch, level: int) -> Iterator[Row]:
        """Yield the rows of the nodes of a branch without a row of its own."""
        for item in self.contents(branch, branch["nodes"]):
            yield from [item] if isinstance(item, Row) else self.rows(item, level)

    def _with_signs(self, node: Node, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows of a node with the signs of its findings, and of findings in nodes without rows."""
        shown: list[Node] = [node]
        function = self.functions.get(node["name"]) if node["type"] == "function_call" else None
        if node["type"] == "if" and branch_after_jump(node, self.details) is not None:
            shown += [] if rows[0].below else walk(node["branches"][0]["nodes"])
        elif always_running_branch(node, self.details) is not None or any(row.below for row in rows):
            shown += [function] if function else []
        elif function is None:
            shown = list(walk([node]))
        elif function["name"] in self.counted:
            shown += walk([function])
        first, *rows_below = rows
        return [replace(first, pieces=(*first.pieces, *self.signs.pieces(shown))), *rows_below]

    def unreached(self, *, called: bool) -> Iterator[Row]:
        """Yield the rows of functions without a row: either the called functions or the uncalled ones.

        A called function lacks a row only if all its calls are inside folded nodes.
        """
        for name, function in self.functions.items():
            if (name in self.called) is called and name not in self.shown and name not in self.counted:
                self.shown.add(name)
                yield from self.rows(function)

    def _open(self, node: Node, level: int) -> Sequence[Row]:
        if unknown := as_unknown(node):
            return [_unknown(unknown)]
        if is_leaf_step(node):
            return [self._step(node)]
        match node["type"]:
            case "step_do":
                return [self._step(node, node["nodes"])]
            case "loop":
                return [self._loop(node)]
            case "parallel":
                return [self._parallel(node)]
            case "block":
                return [_container(BLOCK_MARK, "in sequence", Ink.QUIET, node["nodes"])]
            case "try":
                return self._try(node, level)
            case "if":
                return self._if(node)
            case "switch":
                return [self._switch(node)]
            case "function_call":
                return [self._call(node)]
            case "function_def":
                return [_container(FUNCTION_MARK, node["name"], Ink.STRONG, self.contents(node, node["nodes"]))]
            case "break":
                return [self._exit(node)]
            case "start":
                return [self._start(node)]
            case _ as never:
                assert_never(never)

    def _loop(self, loop: Loop) -> Row:
        title = LinePiece(self.details.source(loop) or "loop", Ink.LOOP, elastic=True)
        # As in `_folded`.
        marks = (mark_piece(LOOP_MARK, Ink.LOOP),) if self.progress is None else ()
        return _row((*marks, title), loop["nodes"])

    def _call(self, call: FunctionCall) -> Row:
        name = call["name"]
        pieces = self._call_pieces(call)
        if name in self.shown:
            return Row((mark_piece(REPEATED_MARK, Ink.STRONG), *pieces, *quiet_pieces(SHOWN_ABOVE)))
        mark = mark_piece(FUNCTION_MARK, Ink.STRONG)
        if name not in self.functions:
            return Row((mark, *pieces, *quiet_pieces("(not in this graph)")))
        self.shown.add(name)
        function = self.functions[name]
        return _row((mark, *pieces), self.contents(function, function["nodes"]))

    def contents(self, part: Part, nodes: Sequence[Node]) -> Sequence[Row | Node]:
        """Return the nodes of a part, then rows of the jumps at its end that have no node."""
        detail = self.details.of(part)
        rows = [Row((mark_piece(IF_MARK, Ink.CHOICE), *guard_pieces(*guard))) for guard in detail.guards]
        if detail.final_raise:
            rows.append(Row((mark_piece(EXIT_MARKS["raise"], Ink.FAILURE), raise_piece(detail.final_raise))))
        if detail.final_jump:
            mark = EXIT_MARKS["return"] if detail.returns else LOOP_MARK
            rows.append(Row((mark_piece(mark, Ink.STRONG), jump_piece(detail.final_jump))))
        if rows and self.progress is not None:
            rows = [replace(row, pieces=self.progress.faded(part, row.pieces)) for row in rows]
        return [*nodes, *rows] if rows else nodes

    def _folded_call(self, call: FunctionCall) -> Row:
        name = call["name"]
        if name in self.shown or name not in self.functions or not self.functions[name]["nodes"]:
            return self._call(call)
        self.counted.add(name)
        inside = quiet_pieces(_with_names(self.body_texts.of(name), self.functions[name]))
        progress = self._progress_inside(self.functions[name]["nodes"])
        return Row((mark_piece(FUNCTION_MARK, Ink.STRONG), *self._call_pieces(call), *inside, *progress))

    def _call_pieces(self, call: FunctionCall) -> Sequence[LinePiece]:
        text = call_text(call, self.details)
        arguments = (LinePiece(text.arguments, elastic=True),) if text.arguments else ()
        steps = quiet_pieces(text.steps) if text.steps else ()
        return (name_piece(text.name), *arguments, *steps, *clock_pieces(self.clocks.text(call)))

    def _try(self, node: Try, level: int) -> list[Row]:
        body = try_body(node, self.details)
        below = self.contents(body.protected, body.protected["nodes"])
        remarks = () if below else quiet_pieces(*self.details.remarks(body.described))
        head = (mark_piece(TRY_MARK, Ink.TRY), LinePiece("try", Ink.TRY, elastic=True))
        rows = [Row((*head, *remarks)) if remarks else _row(head, below)]
        if "catch_block" in node:
            rows += self._handlers(node["catch_block"], level)
        if body.otherwise is not None:
            row = _container(TRY_MARK, "else", Ink.TRY, self.contents(body.block, body.otherwise))
            rows.append(replace(row, part=body.block))
        if "finally_block" in node:
            block = node["finally_block"]
            row = replace(_container(TRY_MARK, "finally", Ink.TRY, self.contents(block, block["nodes"])), part=block)
            rows.append(row if self.progress is None else replace(row, pieces=self.progress.part(block, row.pieces)))
        return rows

    def _handlers(self, block: Block, level: int) -> Iterator[Row]:
        """Yield a row for each handler, as in the source, or a single row if the source is unknown."""
        head = self.details.source(block)
        choice = handlers_in(block["nodes"]) if head else None
        if choice is None or self.folding.folds(choice, level + 1):
            pieces = (mark_piece(TRY_MARK, Ink.TRY), LinePiece(head or "catch", Ink.TRY, elastic=True))
            yield self._part_row(block, pieces)
            return
        for branch in choice["branches"]:
            is_only = branch["condition"] is not None and not self.details.source(branch)
            text = head if is_only else branch_text(branch, ANY_OTHER_ERROR, self.details)
            yield self._part_row(branch, [mark_piece(TRY_MARK, Ink.TRY), LinePiece(text, Ink.TRY, elastic=True)])

    def _exit(self, node: Break) -> Row:
        kind = exit_kind(node, self.details)
        mark = mark_piece(EXIT_MARKS.get(kind, EXIT_MARK), exit_ink(kind))
        return Row((mark, *self._exit_pieces(node)))

    def _exit_pieces(self, node: Break) -> Iterator[LinePiece]:
        ink = exit_ink(exit_kind(node, self.details))
        yield LinePiece(self.details.source(node) or node["kind"], ink, elastic=True)
        yield from quiet_pieces(*exit_remarks(node, self.details))

    def _step(self, step: Step, nested: Sequence[Node] = ()) -> Row:
        if self.progress is not None:
            errors = [Row((piece,)) for piece in self.progress.errors(step)]
            return Row(self.progress.step(step, clock_pieces(self.clocks.text(step))), [*errors, *nested])
        mark = mark_piece(step_style(step["type"]).mark, Ink.STEP)
        phrases = (*step_text(step).phrases, *self.details.remarks(step))
        return Row(
            (mark, name_piece(step["name"]), *clock_pieces(self.clocks.text(step)), *quiet_pieces(*phrases)), nested
        )

    def _parallel(self, parallel: Parallel) -> Row:
        self.clocks.enter(parallel)
        phrases = filter(None, (self.details.source(parallel), *self.details.remarks(parallel)))
        kind = LinePiece(f"parallel {parallel['kind']}", Ink.PARALLEL, elastic=True)
        pieces = (mark_piece(PARALLEL_MARK, Ink.PARALLEL), kind, *quiet_pieces(*phrases))
        return _row(pieces, parallel["nodes"])

    def _if(self, node: If) -> list[Row]:
        rows = [
            self._branch(branch, "if " if index == 0 else "elif ", "else", (mark_piece(IF_MARK, Ink.CHOICE),))
            for index, branch in enumerate(node["branches"])
        ]
        return rows or [_container(IF_MARK, "if", Ink.CHOICE, ())]

    def _switch(self, node: Switch) -> Row:
        cases = [self._branch(branch, "case ", "default") for branch in node["branches"]]
        subject = LinePiece(node["discriminant"], elastic=True)
        return _row((mark_piece(SWITCH_MARK, Ink.CHOICE), LinePiece("switch ", Ink.CHOICE), subject), cases)

    def _branch(self, branch: Branch, word: str, default: str, before: tuple[LinePiece, ...] = ()) -> Row:
        """Return the row of a branch."""
        return self._part_row(branch, [*before, *self._branch_head(branch, word, default)])

    def _part_row(self, part: Branch | Block, pieces: Sequence[LinePiece]) -> Row:
        """Return the row of a branch or block, on one line with its exit if it only leaves."""
        if self.progress is not None:
            pieces = self.progress.part(part, pieces)
        exit_node, detail = only_exit(part["nodes"]), self.details.of(part)
        if exit_node is not None:
            return Row((*pieces, LinePiece(": "), *self._exit_pieces(exit_node)), part=part)
        if not (part["nodes"] or detail.guards) and (detail.final_raise or detail.final_jump):
            statement = raise_piece(detail.final_raise) if detail.final_raise else jump_piece(detail.final_jump)
            return Row((*pieces, LinePiece(": "), statement, *quiet_pieces(*detail.remarks)), part=part)
        return replace(self._remarked(part, pieces, part["nodes"]), part=part)

    def _branch_head(self, branch: Branch, word: str, default: str) -> Iterator[LinePiece]:
        if self.details.source(branch):
            yield LinePiece(branch_text(branch, default, self.details), Ink.TRY, elastic=True)
        elif branch["condition"] is None:
            yield LinePiece(branch_text(branch, default, self.details), Ink.CHOICE)
        else:
            yield from (LinePiece(word, Ink.CHOICE), LinePiece(branch["condition"], elastic=True))

    def _remarked(self, part: Part, pieces: Sequence[LinePiece], nodes: Sequence[Node]) -> Row:
        """Return the row of a branch or block with its remarks, which replace `(no steps)`."""
        remarks, below = self.details.remarks(part), self.contents(part, nodes)
        return Row((*pieces, *quiet_pieces(*remarks)), below) if remarks else _row(pieces, below)

    def _folded(self, node: Node) -> Row:
        """Return the row of a folded node with a summary of its contents."""
        inside = quiet_pieces(_with_names(folded_node_text(node, self.details), node))
        if self.progress is not None and node["type"] == "step_do":
            return Row((*self._step(node).pieces, *inside, *self._progress_inside(node["nodes"])))
        mark, ink = _folded_style(node)
        # The mark of a loop is also the sign of a step that is retried.
        marks = () if self.progress is not None and node["type"] == "loop" else (mark_piece(mark, ink),)
        title = LinePiece(name_text(folded_title(node, self.details)), ink, elastic=True)
        phrases: tuple[LinePiece, ...] = ()
        if node["type"] == "step_do":
            phrases = (
                *clock_pieces(self.clocks.text(node)),
                *quiet_pieces(*step_text(node).phrases, *self.details.remarks(node)),
            )
        return Row((*marks, title, *phrases, *inside, *self._progress_inside([node])))

    def _progress_inside(self, nodes: Sequence[Node]) -> Iterable[LinePiece]:
        return () if self.progress is None else self.progress.inside(walk(nodes))

    def _start(self, start: Start) -> Row:
        """Return the row of a `start`, with those of its functions that functions of the workflow hide by name."""
        functions = start["functions"].items()
        shadowed = [function for name, function in functions if self.functions.get(name) is not function]
        pieces = [mark_piece(START_MARK, Ink.STRONG), LinePiece("start ", Ink.STRONG), name_piece(start["class_name"])]
        if "payload" in start:
            pieces += quiet_pieces(payload_text(start["payload"]))
        return _row(pieces, [*start["nodes"], *shadowed])


def _with_names(text: str, node: Node) -> str:
    """Return the summary of a folded node with the names of the steps inside: `(reserve, charge · 2 steps)`."""
    names = names_within(names_inside(node), _MAX_NAMES)
    return f"({names} · {text})" if names else f"({text})"


def _with_level(row: Row, level: int) -> Row:
    """Return a copy of a row with `level` for all nodes below it."""
    rows = [_with_level(item, level) if isinstance(item, Row) else item for item in row.below]
    return replace(row, below=rows, level=level)


def _unknown(node: UnknownNode) -> Row:
    kind = LinePiece(node["type"], Ink.WARNING, elastic=True)
    name = (LinePiece(" "), name_piece(node["name"])) if node.get("name") else ()
    return Row((mark_piece(UNKNOWN_MARK, Ink.WARNING), kind, *name, *quiet_pieces(f"({UNKNOWN_TYPE})")), node["nodes"])


def _container(mark: str, title: str, ink: Ink, below: Sequence[Row | Node]) -> Row:
    return _row((mark_piece(mark, ink), LinePiece(title, ink, elastic=True)), below)


def _row(pieces: Iterable[LinePiece], below: Sequence[Row | Node]) -> Row:
    return Row(tuple(pieces), below) if below else Row((*pieces, *quiet_pieces(NO_STEPS)))
