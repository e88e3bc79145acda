//! What administrators are shown.

use super::*;

#[test]
fn administrators_see_groups_as_they_are() {
    let mut bench = Bench::new();
    let my_group: Text = "my-group".into();
    assert_eq!(&*bench.coordinator.describe(&my_group).group_state, "Dead");
    let ids = bench.stable(2);
    let group = bench.coordinator.describe(&my_group);
    assert_eq!(
        (&*group.group_state, &*group.protocol_data),
        ("Stable", "range")
    );
    assert_eq!(&group.members[0].member_assignment[..], b"part");
    assert_eq!(&*group.members[0].client_host, "/here");
    let listed = bench.coordinator.list(&["stable".into()], &[]);
    assert_eq!(listed.groups.len(), 1);
    assert_eq!(&*listed.groups[0].group_type, "classic");
    assert!(
        bench
            .coordinator
            .list(&["Empty".into()], &[])
            .groups
            .is_empty()
    );
    bench.join(&ids[0]);
    let group = bench.coordinator.describe(&my_group);
    assert_eq!(
        (&*group.group_state, &*group.protocol_data),
        ("PreparingRebalance", "")
    );
    assert!(group.members[0].member_metadata.is_empty());
}
