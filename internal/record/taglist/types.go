package taglist

// Tag is one name=value of a tag list (RFC 6376 3.2).
type Tag struct {
	Name   string `json:"name"`   // as published: tag names are case-sensitive
	Value  string `json:"value"`  // white space around it removed, inside it kept
	Offset int    `json:"offset"` // of the name, in octets from the start of the text
}

// Problem is one breach of the tag-list grammar, and its place in octets.
type Problem struct {
	Tag       string `json:"tag"` // the tag's name or the text that is none
	Offset    int    `json:"offset"`
	Message   string `json:"message"`
	Duplicate bool   `json:"duplicate,omitempty"` // the tag stands twice: the whole list is invalid
}
