package service

// A Page says which part of a list is wanted, and in what order.
type Page struct {
	Number     int // from 1
	Size       int // at least 1
	Sort       string
	Descending bool
}

// Before is how many things stand on earlier pages.
func (p Page) Before() int64 { return int64(p.Number-1) * int64(p.Size) }

// Pages is how many pages a list of that many things has; an empty list has one.
func (p Page) Pages(total int) int { return max((total+p.Size-1)/p.Size, 1) }
