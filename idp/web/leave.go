package web

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// pageFormPost is the page that posts an answer on to a relying party. The
// protocol's endpoints have it rendered too, by echo's renderer.
const pageFormPost = "form-post"

// leave answers a sign-in that is over.
func (s *server) leave(c echo.Context, reply idp.Reply) error {
	if reply.Post {
		return c.Render(http.StatusOK, pageFormPost, reply)
	}
	return see(c, reply.Location())
}

// renderer makes the pages that are not asked for by one of our handlers.
type renderer struct{ s *server }

// Render implements echo.Renderer for [idp.Reply].
func (r renderer) Render(w io.Writer, name string, data any, c echo.Context) error {
	reply, ok := data.(idp.Reply)
	client, found := r.s.provider.Config().Clients.Find(reply.ClientID)
	if name != pageFormPost || !ok || !found {
		return fmt.Errorf("no page %q of %T", name, data)
	}
	page := templates.FormPostPage{Action: reply.To}
	for _, param := range slices.Sorted(maps.Keys(reply.Params)) {
		page.Fields = append(page.Fields, templates.FormField{Name: param, Value: reply.Params.Get(param)})
	}
	p := r.s.page(c, pageFormPost, "post.title", page)
	p.Client = clientRef(client, p.Lang)
	p.TitleArgs, p.Path = []any{"client", p.Client.Name}, "" // the page holds a code: it has no second language
	c.Response().Header().Set("Content-Security-Policy", contentPolicy(formAction(reply.To)))
	return r.s.pages.Render(w, p)
}
