package policy

// mergeSort sorts in place, halves first, equals in their old order.
//
// Some comparisons of the reference are no orders: instances of a clone are
// compared by rules of which each looks at another property, and a pending
// operation is compared by transition instead of by number. With three of them
// in a circle the result depends on which two are compared, so this has to
// divide and merge as the reference's lists do (GLib's g_list_sort): the first
// half of an odd number is the smaller one.
func mergeSort[T any](list []T, compare func(a, b T) int) {
	if len(list) > 1 {
		sortHalves(list, make([]T, len(list)), compare)
	}
}

// sortHalves sorts list with the help of a buffer of the same length.
func sortHalves[T any](list, buffer []T, compare func(a, b T) int) {
	if len(list) < 2 {
		return
	}
	half := len(list) / 2
	sortHalves(list[:half], buffer[:half], compare)
	sortHalves(list[half:], buffer[half:], compare)
	first, second := buffer[:half], list[half:]
	copy(first, list)
	for i := range list {
		switch {
		case len(first) == 0:
			return
		case len(second) == 0 || compare(first[0], second[0]) <= 0:
			list[i], first = first[0], first[1:]
		default:
			list[i], second = second[0], second[1:]
		}
	}
}
