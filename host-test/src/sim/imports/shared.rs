//! Shared data and queues: what the VMs of one `vm_id` have in common.

use crate::sim::abi::Status;
use crate::sim::imports::call::{Call, Outcome};

pub(crate) fn get_shared_data(
    call: &mut Call<'_>,
    key: u32,
    key_size: u32,
    data: u32,
    size: u32,
    cas: u32,
) -> Outcome {
    let key = call.bytes(key, key_size)?;
    let found = call.world().get_shared_data(&call.vm_id, &key).cloned();
    let Some((value, current_cas)) = found else { return Ok(Status::NotFound) };
    call.answer(&value, data, size)?;
    call.write_u32(cas, current_cas)?;
    Ok(Status::Ok)
}

pub(crate) fn set_shared_data(
    call: &mut Call<'_>,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
    cas: u32,
) -> Outcome {
    let key = call.bytes(key, key_size)?;
    let value = call.bytes(value, value_size)?;
    call.note(cas);
    Ok(call.world().set_shared_data(&call.vm_id, &key, &value, cas))
}

pub(crate) fn register_queue(call: &mut Call<'_>, name: u32, name_size: u32, id: u32) -> Outcome {
    let name = call.bytes(name, name_size)?;
    let consumer = (call.index, call.root_id());
    let queue = call.world().register_queue(&call.vm_id, &name, consumer);
    call.write_u32(id, queue)?;
    Ok(Status::Ok)
}

pub(crate) fn resolve_queue(
    call: &mut Call<'_>,
    vm_id: u32,
    vm_id_size: u32,
    name: u32,
    name_size: u32,
    id: u32,
) -> Outcome {
    let vm_id = call.text(vm_id, vm_id_size)?;
    let vm_id = if vm_id.is_empty() { call.vm_id.clone() } else { vm_id };
    let name = call.bytes(name, name_size)?;
    let Some(queue) = call.world().resolve_queue(&vm_id, &name) else { return Ok(Status::NotFound) };
    call.write_u32(id, queue)?;
    Ok(Status::Ok)
}

pub(crate) fn enqueue(call: &mut Call<'_>, id: u32, value: u32, value_size: u32) -> Outcome {
    call.note(id);
    let value = call.bytes(value, value_size)?;
    let mut world = call.world();
    let Some(queue) = world.queue(id) else { return Ok(Status::NotFound) };
    queue.items.push_back(value);
    let (vm, root) = queue.consumer;
    world.ready_queues.push_back((vm, root, id));
    Ok(Status::Ok)
}

pub(crate) fn dequeue(call: &mut Call<'_>, id: u32, data: u32, size: u32) -> Outcome {
    call.note(id);
    let item = match call.world().queue(id) {
        Some(queue) => queue.items.pop_front(),
        None => return Ok(Status::NotFound),
    };
    match item {
        Some(item) => call.answer(&item, data, size),
        None => Ok(Status::Empty),
    }
}
