//! DescribeCluster: which brokers there are and which of them is the controller.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks about the cluster.
    pub struct DescribeClusterRequest [flexible 0] {
        include_cluster_authorized_operations: bool [0..];
        /// 1 asks for the brokers, 2 for the controllers of KRaft.
        endpoint_type: i8 [1..] = 1;
    }

    /// The cluster.
    pub struct DescribeClusterResponse [flexible 0] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..];
        /// 1 for the brokers, 2 for the controllers of KRaft.
        endpoint_type: i8 [1..] = 1;
        cluster_id: Text [0..];
        /// −1 if there is none or it is not known.
        controller_id: i32 [0..] = -1;
        brokers: Vec<DescribeClusterBroker> [0..];
        /// A bit for each operation the client may do; `i32::MIN` if not asked for.
        cluster_authorized_operations: i32 [0..] = i32::MIN;
    }

    /// A broker that is alive.
    pub struct DescribeClusterBroker {
        broker_id: i32 [0..];
        host: Text [0..];
        port: i32 [0..];
        rack: Option<Text> [0..] null [0..];
    }
}
