"""The language server with all its features. Each request is answered by a function of a view of the document."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from stepgraph.escaping.plain_text import visible
from stepgraph.lsp.requests.code_actions import add_code_actions
from stepgraph.lsp.requests.code_lenses import SHOW_FINDINGS, SHOW_GRAPH, GraphCommands, code_lenses, find_target
from stepgraph.lsp.requests.folding_ranges import folding_ranges
from stepgraph.lsp.requests.hover import hover_at, markup_kind
from stepgraph.lsp.requests.inlay_hints import inlay_hints
from stepgraph.lsp.requests.linked_names import RenameError
from stepgraph.lsp.requests.navigation import definition_at, highlights_at, references_at
from stepgraph.lsp.requests.renaming import RenameSupport, prepare_rename, rename
from stepgraph.lsp.requests.symbols import document_symbols, find_symbols, flat_symbols
from stepgraph.lsp.sessions.folder import OpenProject
from stepgraph.lsp.sessions.lifecycle import add_documents, add_lifecycle
from stepgraph.lsp.sessions.server import WorkflowServer, standard_streams


def serve_editor(open_project: OpenProject) -> bool:
    """Serve the editor at standard input and output, and return whether it has ended the session in the right order."""
    server = WorkflowServer(open_project)
    commands = GraphCommands(server, server.session.compute)
    add_lifecycle(server)
    add_documents(server)
    add_code_actions(server)
    add_navigation(server)
    add_renaming(server)
    add_hover(server)
    add_inlay_hints(server)
    add_outlines(server)
    add_graph_commands(server, commands)
    try:
        return server.serve(*standard_streams())
    finally:
        commands.close()


def add_navigation(server: WorkflowServer) -> None:
    """Register the requests that lead from one place of a step to the others."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> list[types.Location]:
        view = await session.view(params.text_document.uri)
        return [] if view is None else definition_at(view, params.position)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location]:
        view = await session.view(params.text_document.uri)
        includes = params.context.include_declaration
        return [] if view is None else references_at(view, params.position, include_declaration=includes)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlights(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        view = await session.view(params.text_document.uri)
        return [] if view is None else highlights_at(view, params.position)


def add_renaming(server: WorkflowServer) -> None:
    """Register the requests that rename a step."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        view = await session.view(params.text_document.uri)
        try:
            return None if view is None else prepare_rename(view, params.position)
        except RenameError as error:
            raise _refusal(error) from None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename_step(params: types.RenameParams) -> types.WorkspaceEdit | None:
        view = await session.view(params.text_document.uri)
        support = RenameSupport.of(server.client_capabilities)
        try:
            renaming = None if view is None else rename(view, params.position, params.new_name, support)
        except RenameError as error:
            raise _refusal(error) from None
        if renaming is not None and renaming.warning:
            server.show_problem(renaming.warning)
        return None if renaming is None else renaming.edit


def _refusal(error: RenameError) -> JsonRpcException:
    return JsonRpcException(visible(str(error)), types.LSPErrorCodes.RequestFailed)


def add_hover(server: WorkflowServer) -> None:
    """Register the request for the contents at a position."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        view = await session.view(params.text_document.uri)
        return None if view is None else hover_at(view, params.position, markup_kind(server.client_capabilities))


def add_inlay_hints(server: WorkflowServer) -> None:
    """Register the request for the hints in a range."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        view = await session.view(params.text_document.uri)
        return [] if view is None else inlay_hints(view, params.range)


def add_outlines(server: WorkflowServer) -> None:
    """Register symbols and folding ranges."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def document_symbol(
        params: types.DocumentSymbolParams,
    ) -> Sequence[types.DocumentSymbol] | Sequence[types.SymbolInformation]:
        view = await session.view(params.text_document.uri)
        symbols = [] if view is None else document_symbols(view)
        client = server.client_capabilities.text_document
        options = None if client is None else client.document_symbol
        is_tree = options is not None and options.hierarchical_document_symbol_support
        return symbols if is_tree else flat_symbols(params.text_document.uri, symbols)

    @server.feature(types.WORKSPACE_SYMBOL)
    async def workspace_symbol(params: types.WorkspaceSymbolParams) -> Sequence[types.SymbolInformation]:
        return find_symbols(await session.folder_views(), params.query)

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding_range(params: types.FoldingRangeParams) -> Sequence[types.FoldingRange] | None:
        view = await session.view(params.text_document.uri)
        client = server.client_capabilities.text_document
        options = None if client is None else client.folding_range
        return None if view is None else folding_ranges(view, None if options is None else options.range_limit)


def add_graph_commands(server: WorkflowServer, commands: GraphCommands) -> None:
    """Register the code lenses and their commands."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lens(params: types.CodeLensParams) -> Sequence[types.CodeLens]:
        view = await session.view(params.text_document.uri)
        return [] if view is None else code_lenses(view)

    # The arguments have defaults, because a call with missing ones is answered like one with an unknown workflow.

    @server.command(SHOW_GRAPH)
    async def show_graph(uri: str = "", name: str = "") -> None:
        await commands.show_graph(await find_target(session, uri, name))

    @server.command(SHOW_FINDINGS)
    async def show_findings(uri: str = "", name: str = "") -> None:
        await commands.show_findings(await find_target(session, uri, name))
