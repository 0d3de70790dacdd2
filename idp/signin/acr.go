package signin

// AskedACR is the name under which a level is told to a relying party that
// asked for levels by name; empty means the level's own. A party that asked by
// an alias understands the alias. Where it made names binding, and only then, a
// lower one of them stands for what was proved: it takes no other answer (OIDC
// Core §5.5.1.1), and a higher level includes the lower.
func AskedACR(have Level, asked []string, binding bool, aliases map[string]string) string {
	best, name := LevelNone, ""
	for _, value := range asked {
		level, ok := ParseACR(value, aliases)
		if !ok || level > have || level <= best || level < have && !binding {
			continue
		}
		best, name = level, value
	}
	if name == have.ACR() {
		return ""
	}
	return name
}
