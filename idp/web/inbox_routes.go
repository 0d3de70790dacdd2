package web

// inboxRoutes exist in development only.
func (s *server) inboxRoutes() []route {
	if s.inbox == nil {
		return nil
	}
	return []route{
		get(pathInbox, s.devInbox),
		post(pathInbox, s.answerInbox),
		get(pathInbox+".json", s.inboxJSON),
		get(pathInbox+"/:id/html", s.inboxHTML),
	}
}
