//! R3, of orders, can fail.

use super::super::orders::OrdersAreFenced;
use super::*;
use crate::protocol::api::{UpdateMetadataRequest, UpdateMetadataResponse};
use crate::protocol::{encode_request, encode_response};

type Law = Shown<OrdersAreFenced>;

/// Broker 1 is given an order, and answers it.
fn ordered(
    world: &mut World,
    law: &mut Law,
    id: i32,
    (controller_epoch, broker_epoch): (i32, i64),
    error_code: i16,
) -> Result<(), String> {
    let connection = to_client(ProcessId::Broker(2));
    let request = UpdateMetadataRequest {
        controller_epoch,
        broker_epoch,
        ..UpdateMetadataRequest::default()
    };
    let api = ApiKey::UpdateMetadata;
    let frame = encode_request(&request, 7, id, None);
    send(world, connection.other_end(), frame);
    let asks = sent_over(connection.other_end(), api, 7, id);
    law.check(world, &news(world, 2, asks))?;
    let frame = encode_response(api, 7, id, &UpdateMetadataResponse { error_code });
    send(world, connection, frame);
    law.check(
        world,
        &news(world, 1, answered_over(connection, api, 7, id)),
    )
}

#[test]
fn r3_obeying_a_deposed_controller_or_an_order_for_a_former_life_is_found() {
    let (mut world, mut law) = (world(), Law::default());
    let own = world.broker_by_id(BrokerId(1)).expect("it runs").epoch().0;
    let mut shown = |law: &mut Law, id, epochs, error| ordered(&mut world, law, id, epochs, error);
    assert_eq!(shown(&mut law, 1, (4, own), 0), Ok(()));
    assert_eq!(shown(&mut law, 2, (5, -1), 0), Ok(()));
    assert_eq!(shown(&mut law, 3, (4, own), 11), Ok(()), "it was refused");
    is_about(shown(&mut law.clone(), 4, (4, own), 0), "R3");
    is_about(shown(&mut law, 5, (5, own - 1), 0), "R3");
}

#[test]
fn r3_a_role_in_an_epoch_that_is_not_new_is_found() {
    let (world, mut law) = (world(), Law::default());
    holds(&mut law, &world, 1, led(3));
    breaks(&mut law.clone(), &world, 1, led(3), "R3");
    holds(&mut law.clone(), &world, 1, led(4));
    holds(&mut law, &world, 1, Fact::Started);
    holds(&mut law, &world, 1, led(3));
}
