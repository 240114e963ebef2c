package policy

// slabSize is how many values a slab asks memory for at a time.
const slabSize = 128

// slab hands out memory for many small values that live as long as the plan:
// one allocation for slabSize of them.
type slab[T any] struct{ free []T }

// take returns a new value.
func (s *slab[T]) take() *T { return &s.list(1)[:1][0] }

// list returns an empty list with room for n values, at most slabSize.
func (s *slab[T]) list(n int) []T {
	if len(s.free) < n {
		s.free = make([]T, slabSize)
	}
	out := s.free[:0:n]
	s.free = s.free[n:]
	return out
}
