grant delete on movements to authenticated;
