//! What the inspector shows has no gaps.

use kafka_playground::protocol::Field;

/// Every field's children follow each other without gap or overlap and fill it.
///
/// # Panics
/// When they do not.
pub fn is_tiled(field: &Field) {
    let mut at = field.start;
    for child in &field.children {
        assert_eq!(child.start, at, "before {} of {}", child.name, field.name);
        at = child.end;
        is_tiled(child);
    }
    let filled = field.children.is_empty() || at == field.end;
    assert!(filled, "at the end of {}", field.name);
}
