package api

// Routes lists all routes as "METHOD /path/{takes}", for tests of all of them.
func Routes() (all []string) {
	newRoutes().each("", func(path string, methods map[string]string) {
		for method := range methods {
			all = append(all, method+" "+path)
		}
	})
	return all
}
